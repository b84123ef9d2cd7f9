"""The promises of a chat document: one rule a file, checked after every change for what it touched, and as a whole."""
