/// What Dormouse costs, measured from outside: each class with a `main` is one question, its doc says which.
@NullMarked
package dormouse.bench;

import org.jspecify.annotations.NullMarked;
