"""From the sensor to the model: sensors, files, messengers, screens, scanners."""
