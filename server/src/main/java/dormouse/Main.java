package dormouse;

/// Reads the settings, builds the parts by hand and starts them.
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {}
}
