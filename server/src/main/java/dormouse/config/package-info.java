/// The settings as records, one record a package that has any, and the file they are read from.
///
/// Read [Settings] first: it holds the others. Each record knows its defaults (`DEFAULT`) and its constructor refuses
/// what cannot work, naming the key as the operator writes it. All of it is immutable.
@NullMarked
package dormouse.config;

import org.jspecify.annotations.NullMarked;
