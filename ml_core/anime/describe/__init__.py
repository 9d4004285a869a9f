"""How a picture is described without any network: colours, edges and where they are."""
