package dormouse.directory.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;

/// A distinguished name as OpenSSL writes it, and so nginx (`XN_FLAG_RFC2253`): the last part first, OpenSSL's short names, all but
/// visible ASCII escaped. Differs from what the JDK writes in names of attributes and in what is escaped. Pure functions.
final class OpenSslName {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  /// By the last number of `2.5.4.N`, from 3 (X.520).
  private static final String X520 =
      "CN SN serialNumber C L ST street O OU title description searchGuide businessCategory postalAddress postalCode"
          + " postOfficeBox physicalDeliveryOfficeName telephoneNumber telexNumber teletexTerminalIdentifier"
          + " facsimileTelephoneNumber x121Address internationaliSDNNumber registeredAddress destinationIndicator"
          + " preferredDeliveryMethod presentationAddress supportedApplicationContext member owner roleOccupant seeAlso"
          + " userPassword userCertificate cACertificate authorityRevocationList certificateRevocationList"
          + " crossCertificatePair name GN initials generationQualifier x500UniqueIdentifier dnQualifier"
          + " enhancedSearchGuide protocolInformation distinguishedName uniqueMember houseIdentifier supportedAlgorithms"
          + " deltaRevocationList dmdName";

  private static final Map<String, String> NAMES = names();

  private OpenSslName() {}

  private static Map<String, String> names() {
    Map<String, String> names =
        new HashMap<>(
            Map.of(
                "2.5.4.65", "pseudonym",
                "2.5.4.72", "role",
                "2.5.4.97", "organizationIdentifier",
                "1.2.840.113549.1.9.1", "emailAddress",
                "1.2.840.113549.1.9.2", "unstructuredName",
                "1.2.840.113549.1.9.8", "unstructuredAddress"));
    names.putAll(
        Map.of(
            "0.9.2342.19200300.100.1.1", "UID",
            "0.9.2342.19200300.100.1.3", "mail",
            "0.9.2342.19200300.100.1.25", "DC",
            "1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL",
            "1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST",
            "1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"));
    int number = 3;
    for (String name : X520.split(" ")) {
      names.put("2.5.4." + number++, name);
    }
    return Map.copyOf(names);
  }

  /// One char a byte, all of them ASCII.
  static String of(X500Principal name) {
    StringBuilder text = new StringBuilder();
    RDN[] parts = X500Name.getInstance(name.getEncoded()).getRDNs();
    for (int i = parts.length - 1; i >= 0; i--) {
      AttributeTypeAndValue[] values = parts[i].getTypesAndValues();
      for (int j = values.length - 1; j >= 0; j--) {
        if (!text.isEmpty()) {
          text.append(j < values.length - 1 ? '+' : ',');
        }
        append(text, values[j]);
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, AttributeTypeAndValue attribute) {
    String number = attribute.getType().getId();
    String name = NAMES.get(number);
    byte[] der = der(attribute.getValue());
    byte[] value = name == null ? null : utf8(der);
    text.append(name == null ? number : name).append('=');
    if (value == null) {
      text.append('#').append(HEX.formatHex(der)); // OpenSSL does not know what it means
    } else {
      escape(text, value);
    }
  }

  private static byte[] der(ASN1Encodable value) {
    try {
      return value.toASN1Primitive().getEncoded();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // in memory
    }
  }

  /// The text of a string in UTF-8; `null` if it is no string.
  private static byte @Nullable [] utf8(byte[] der) {
    Charset charset =
        switch (der[0]) {
          case 12 -> StandardCharsets.UTF_8;
          case 18, 19, 20, 22, 23, 24, 26 -> StandardCharsets.ISO_8859_1;
          case 28 -> Charset.forName("UTF-32BE");
          case 30 -> StandardCharsets.UTF_16BE;
          default -> null;
        };
    if (charset == null) {
      return null;
    }
    int from = der[1] >= 0 ? 2 : 2 + (der[1] & 0x7f);
    return new String(der, from, der.length - from, charset).getBytes(StandardCharsets.UTF_8);
  }

  private static void escape(StringBuilder text, byte[] value) {
    for (int i = 0; i < value.length; i++) {
      char c = (char) (value[i] & 0xff);
      boolean last = i == value.length - 1;
      if (c < ' ' || c >= 0x7f) {
        text.append('\\').append(HEX.toHexDigits((byte) c));
        continue;
      }
      if (",+\"\\<>;".indexOf(c) >= 0
          || (c == ' ' && (i == 0 || last))
          || (c == '#' && i == 0 && !last)) {
        text.append('\\');
      }
      text.append(c);
    }
  }
}
