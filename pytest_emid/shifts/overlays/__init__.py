"""What lies on top of a picture: text, watermarks, controls of an app, blocks."""
