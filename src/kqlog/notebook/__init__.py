"""kqlog in notebooks: `%load_ext kqlog` gives the magics %kql and %%kql."""
