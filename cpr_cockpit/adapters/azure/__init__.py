"""Azure behind the ports of the core: the same code for the lab and for production."""
