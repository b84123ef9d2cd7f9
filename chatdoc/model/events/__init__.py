"""What happened, told in the past tense: events, what they carry, and how they follow from a change."""
