"""Drone scenes: what DeepLabV3 needs beside what every trial has."""
