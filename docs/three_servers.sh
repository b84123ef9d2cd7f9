#!/usr/bin/env bash
# Three servers, a primary with a synchronous standby, and a load balancer, on this machine; nothing but Debian packages
# and `pip install 'chatdoc[server,postgres]'`:
#
#   docs/three_servers.sh start     begin; http://127.0.0.1:8700 leads to one of the servers
#   docs/three_servers.sh failover  kill the primary and promote the standby
#   docs/three_servers.sh stop      end everything and remove it
#
# Needs postgresql and haproxy. PostgreSQL runs as its own user where this is run by root.
set -euo pipefail

home=${CHATDOC_THREE_SERVERS:-/tmp/chatdoc-three-servers}
bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}
port=${PORT:-8700}
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
url="postgresql://chatdoc@/chats?host=$home/a,$home/b&target_session_attrs=read-write"
settings="-c listen_addresses='' -c wal_level=replica -c hot_standby=on -c max_wal_senders=8"

postgres() { # NAME: start the database server in a folder, its socket beside its data
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$home/$1/data" -w -s -l "$home/$1/log" -o "-k $home/$1 $settings" start)
}

say() { # NAME STATEMENT
    psql -h "$home/$1" -U postgres -d "${3:-postgres}" -qAtX -c "$2"
}

start() {
    if [ -e "$home" ]; then
        echo "$home is there already; end what runs in it with: $0 stop" >&2
        return 1
    fi
    mkdir -p "$home/a" "$home/b"
    chmod 755 "$home"
    if [ "$(id -u)" = 0 ]; then chown postgres "$home/a" "$home/b"; fi
    (cd / && "${as[@]}" "$bin/initdb" -D "$home/a/data" -A trust -U postgres -E UTF8 --locale=C >/dev/null)
    postgres a
    # The user of the servers owns the database and is no superuser: row-level security would not hold one.
    say a "CREATE ROLE chatdoc LOGIN"
    say a "CREATE DATABASE chats OWNER chatdoc"
    # From now on a COMMIT waits until the standby has it. Before the copy, which takes the setting along.
    say a "ALTER SYSTEM SET synchronous_standby_names = '*'"
    say a "SELECT pg_reload_conf()" >/dev/null
    (cd / && "${as[@]}" "$bin/pg_basebackup" -h "$home/a" -U postgres -D "$home/b/data" -R -X stream -c fast)
    postgres b
    echo a >"$home/primary"
    {
        printf 'defaults\n  mode http\n  timeout connect 2s\n  timeout client 1h\n  timeout server 1h\n  timeout tunnel 1h\n'
        printf '  option redispatch\n  retries 3\nfrontend chats\n  bind 127.0.0.1:%s\n  default_backend servers\n' "$port"
        printf 'backend servers\n  balance roundrobin\n  option httpchk\n  http-check send meth GET uri /readyz hdr Host localhost\n'
        for number in 1 2 3; do
            printf '  server s%s 127.0.0.1:%s check inter 500 rise 1\n' "$number" "$((port + number))"
        done
    } >"$home/haproxy.cfg"
    for number in 1 2 3; do
        chatdoc serve --store "$url" --port "$((port + number))" >"$home/server-$number.log" 2>&1 &
        echo $! >"$home/server-$number.pid"
        disown
    done
    # Behind them: haproxy takes a server for ready until its first check, and would lead to one that still begins.
    for number in 1 2 3; do
        ready "$((port + number))" "$home/server-$number.log"
    done
    "$(command -v haproxy || echo /usr/sbin/haproxy)" -D -f "$home/haproxy.cfg" -p "$home/haproxy.pid"
    ready "$port" "$home/haproxy.cfg"
    echo "http://127.0.0.1:$port is served by three servers; the store is $url"
}

ready() { # PORT FILE: wait for what listens there; FILE says more where it does not
    for _ in $(seq 200); do
        if curl -fs "http://127.0.0.1:$1/readyz" >/dev/null; then return; fi
        sleep 0.1
    done
    echo "http://127.0.0.1:$1 does not answer; see $2, and remove all with: $0 stop" >&2
    return 1
}

failover() {
    local dead alive main others
    if [ ! -f "$home/primary" ]; then
        echo "nothing runs in $home; begin with: $0 start" >&2
        return 1
    fi
    dead=$(cat "$home/primary")
    alive=$([ "$dead" = a ] && echo b || echo a)
    # As if its machine had lost power: the one that would start the others anew goes first, and all leave their socket.
    main=$(head -1 "$home/$dead/data/postmaster.pid")
    others=$(pgrep -P "$main")
    kill -KILL "$main" $others 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$main" 2>/dev/null || break
        sleep 0.1
    done
    rm -f "$home/$dead"/.s.PGSQL.*
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$home/$alive/data" -w -s promote)
    echo "$alive" >"$home/primary"
    # What was the primary becomes the standby; until it has caught up, COMMITs wait for it.
    rm -rf "$home/$dead/data"
    (cd / && "${as[@]}" "$bin/pg_basebackup" -h "$home/$alive" -U postgres -D "$home/$dead/data" -R -X stream -c fast)
    postgres "$dead"
    echo "$alive is the primary now"
}

stop() {
    for name in haproxy server-1 server-2 server-3; do
        if [ -f "$home/$name.pid" ]; then kill "$(cat "$home/$name.pid")" 2>/dev/null || true; fi
    done
    for name in a b; do
        if [ -d "$home/$name/data" ]; then
            (cd / && "${as[@]}" "$bin/pg_ctl" -D "$home/$name/data" -w -s -m immediate stop) || true
        fi
    done
    rm -rf "$home"
}

case ${1:-} in
start | failover | stop) "$1" ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
