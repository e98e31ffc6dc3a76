"""The moving parts: journal, session, executor and watch, shared by every face."""
