"""The authors' own pipeline, their correlation study, and relative preference."""
