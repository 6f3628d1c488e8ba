import gc
import os

# before numpy is loaded: threads of several processes that test at once would wait for each other, spinning
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# until all is loaded, of which nothing is garbage
gc.disable()
