// cuBLASLt's functions, found at run time: products in fp32 need none of them, and the library is half a gigabyte.

#ifndef MOLT_CUBLASLT_H
#define MOLT_CUBLASLT_H

#include <cublasLt.h>
#include <dlfcn.h>

#include <string>

#define CUBLASLT_FUNCTIONS(each) \
    each(Create) each(Destroy) each(GetStatusString) each(GetVersion) each(Matmul) each(MatmulAlgoGetHeuristic) \
    each(MatmulDescCreate) each(MatmulDescDestroy) each(MatmulDescSetAttribute) each(MatrixLayoutCreate) \
    each(MatrixLayoutDestroy) each(MatmulPreferenceCreate) each(MatmulPreferenceDestroy) \
    each(MatmulPreferenceSetAttribute)

struct CublasLt {
#define DECLARE(name) decltype(&cublasLt##name) name = nullptr;
    CUBLASLT_FUNCTIONS(DECLARE)
#undef DECLARE
    /// Why there is none; empty where there is one.
    std::string missing;

    static const CublasLt &shared() {
        static const CublasLt functions;
        return functions;
    }

private:
    CublasLt() {
        const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
        void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) missing = dlerror();
#define FIND(name) \
    if (missing.empty()) name = reinterpret_cast<decltype(name)>(dlsym(handle, "cublasLt" #name)); \
    if (missing.empty() && !name) missing = "there is no cublasLt" #name;
        CUBLASLT_FUNCTIONS(FIND)
#undef FIND
    }
};

#endif
