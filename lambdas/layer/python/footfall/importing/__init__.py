"""Bring logs that were not streamed into the same lake, by the same code: files, folders and S3, resumable and repeatable."""
