"""What ``enable`` changes in a project, and how ``disable`` takes it back."""
