"""What serving costs beside other servers: fan-out and lateness over real sockets, in one run."""
