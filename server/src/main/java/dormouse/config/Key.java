package dormouse.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Names the key of a record component where it is not simply the component's name in kebab-case. Two components with
/// one key, a `String` and an `int`, are the host and the port of an address written as one.
///
/// On a record that is one of several kinds, the permitted ones of a sealed interface, it is the key that chooses the kind.
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.TYPE})
@interface Key {
  String value();
}
