"""The public answers as a folder of files, for any web server, with this program running or not."""
