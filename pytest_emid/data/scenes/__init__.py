"""The built-in scenes: pictures drawn from a seed, questions in seven languages, answers that follow from the scene."""
