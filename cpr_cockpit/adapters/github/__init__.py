"""GitHub over its REST interface: the feature's repositories as the port CodeHost."""
