"""The bridge between an agent process and the log: what it says is taken once, what is asked of it is passed on."""
