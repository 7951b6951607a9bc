"""`satchel`: the command line (DESIGN section 9, a public interface)."""
