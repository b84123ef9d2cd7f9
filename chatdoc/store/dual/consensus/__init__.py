"""Consensus tables of spec-kit: artifacts and syntheses of many agents, in the old and the new schema."""
