// libzmq, Debian's libzmq3-dev. The only user of this module is Messaging.
#include <zmq.h>
