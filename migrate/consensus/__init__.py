"""Consensus runs of spec-kit as threads: records of artifacts and syntheses in, facts of a document out."""
