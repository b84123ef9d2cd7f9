"""CoCalc's chat files of every era: the rows of 2013 to 2026, its own second version, and files that mix them."""
