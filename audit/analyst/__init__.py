"""What an analyst works with: a new rule, a rule tried on a month, a read-only prompt over what rules see."""
