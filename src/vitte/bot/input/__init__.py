"""What people send, whatever it is, as what the assistant is asked."""
