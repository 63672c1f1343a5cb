"""What is kept in mind of a person across dialogs: learned, recalled, shown, forgotten."""
