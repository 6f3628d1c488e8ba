"""What a change means: learned from labelled passages (evaluation/), with a few conventions on top."""
