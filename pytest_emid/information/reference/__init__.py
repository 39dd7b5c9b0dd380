"""Reference information I(Y_ref; Yhat given X_t): direct and decoded forms, and the whitened space they live in."""
