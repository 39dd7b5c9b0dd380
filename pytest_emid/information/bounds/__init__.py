"""Upper bounds on EMID: the rigorous one on classes of answers, and the published forms with their entropy scale."""
