"""The lab: a stand-alone program that looks like Azure to its clients, over real processes and traffic on loopback."""
