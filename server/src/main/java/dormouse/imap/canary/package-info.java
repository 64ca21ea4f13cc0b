/// Proof that the feeds of a backend tell: a canary an account, which is changed now and then. Read [Canary].
@NullMarked
package dormouse.imap.canary;

import org.jspecify.annotations.NullMarked;
