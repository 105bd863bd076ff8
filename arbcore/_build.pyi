PICOWS: str  # the version of picows the extensions were compiled against
