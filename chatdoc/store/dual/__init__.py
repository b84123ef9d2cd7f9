"""Old and new tables side by side: dual writes, reads merged by identity, backfill, and a drop that proves."""
