"""A first query in the browser: reviewed exercises, the sample's marts, and the page that plays them."""
