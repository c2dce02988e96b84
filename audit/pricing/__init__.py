"""What a call cost: prices by date, exchange rates, and the join that puts them on calls."""
