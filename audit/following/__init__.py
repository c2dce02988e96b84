"""From a figure of a report to what it is made of: the findings as they were kept, their calls, a call's price."""
