// libzmq, Debian's libzmq3-dev. The only user of this module is Messaging.
#include <zmq.h>
// malloc_trim: what libzmq freed goes back to the system.
#include <malloc.h>
