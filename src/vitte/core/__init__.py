"""What every room stands on: settings, logging, errors, clock, ids, job names; imports nothing of ours."""
