package dormouse.testkit;

/// One operation of one client. What it is done to follows from `choice` and from what the client sees then, so
/// that a script makes sense with steps left out.
///
/// @param client index of the client
/// @param choice seed of all further choices
record Step(int client, Operation operation, long choice) {
  @Override
  public String toString() {
    return "client " + client + " " + operation + " " + Long.toHexString(choice);
  }
}
