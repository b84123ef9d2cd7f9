"""Each test's name is a promise of the library; the folders mirror its rooms."""
