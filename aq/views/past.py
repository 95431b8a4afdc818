"""The past page: one province, one pollutant, one range, gaps as gaps, and the numbers beside it."""

if __name__ == "__main__":
    pass
