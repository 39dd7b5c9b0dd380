"""What a PASS must survive: contradictions, echoes of the question, omissions, and how much of each a measure sees."""
