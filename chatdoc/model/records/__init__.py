"""The four record types of a chat document, and what a change does to them."""
