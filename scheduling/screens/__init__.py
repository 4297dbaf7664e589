"""What every floor's screens share: the frame, the door, free starts and refusals in words."""
