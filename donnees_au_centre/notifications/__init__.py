"""Who is told what of the quality of the data: decided from facts, written in French, sent, remembered."""
