"""File systems: which one a place lies on, as the system's table of mounts says, and what that one cannot promise.

| asked | what it means |
| --- | --- |
| `may_be_shared` | other machines may write there too, and memory that is mapped from a file is of one machine alone |
| `keeps_no_modes` | permission bits and owners are those of the mount, whatever a program sets |

A system without such a table, as macOS, is taken to have local disks.
"""

from __future__ import annotations

import os
from pathlib import Path

from chatdoc.model.system_errors import read_failure, says_nothing_of

_TABLE = Path("/proc/self/mountinfo")
_NETWORK_DISKS = frozenset({"afs", "beegfs", "ceph", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "panfs"})
_CLUSTER_DISKS = frozenset({"gfs", "gfs2", "ocfs2"})
_WINDOWS_SHARES = frozenset({"cifs", "smb2", "smb3", "smbfs"})
_HOSTS_OF_GUESTS = frozenset({"9p", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"})
"""What a virtual machine or a container is given of the machine that it runs on."""
_SHARED = _NETWORK_DISKS | _CLUSTER_DISKS | _WINDOWS_SHARES | _HOSTS_OF_GUESTS
_WITHOUT_MODES = _WINDOWS_SHARES | {
    "9p",
    "drvfs",
    "exfat",
    "fuseblk",
    "msdos",
    "ntfs",
    "ntfs3",
    "vboxsf",
    "vfat",
}
_FUSE = "fuse"
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.lxcfs"})
"""File systems in a program that no other machine sees; `fuseblk` is a disk of this one."""


def may_be_shared(path: Path) -> bool:
    """Whether other machines may have the same files, or a program serves them that may."""
    kind = kind_of(path)
    return kind in _SHARED or (_is_program(kind) and kind not in _LOCAL_FUSE)


def keeps_no_modes(path: Path) -> bool:
    """Whether the bits and the owner that a file shows may be none of its own."""
    kind = kind_of(path)
    return kind in _WITHOUT_MODES or (_is_program(kind) and kind not in _LOCAL_FUSE)


def kind_of(path: Path, table: Path = _TABLE) -> str:
    """The name of the file system that a place lies on, as `nfs4`; empty where that cannot be told.

    Raises StoreError where it cannot be told now: a disk of many machines is not to be taken for one of this alone.
    """
    try:
        mounts = table.read_bytes().splitlines()
    except OSError as error:
        if says_nothing_of(error):
            raise read_failure(error, table, "Allow reading it") from error
        return ""
    place = os.fsencode(os.path.realpath(path))
    found, longest = "", -1
    for line in mounts:
        before, _, after = line.partition(b" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4]).rstrip(b"/")
        # Of several that were mounted over each other at one point, the last one is seen.
        if len(point) >= longest and (place == point or place.startswith(point + b"/")):
            found, longest = os.fsdecode(after.split()[0]), len(point)
    return found


def _is_program(kind: str) -> bool:
    return kind == _FUSE or kind.startswith(f"{_FUSE}.")


def _unescaped(name: bytes) -> bytes:
    """A name as the table spells it: blanks, line ends and backslashes are three octal digits behind a backslash."""
    for char in b" \t\n\\":
        name = name.replace(b"\\%03o" % char, bytes([char]))
    return name
