"""odil as a workstation: retrieves a study by C-GET, and prints each instance's UID with the bytes of its pixels.

    odil_get.py PORT CALLING CALLED STUDY SOP_CLASS

With Debian's python3-odil, for which its own `odil get` is written, but that stops at a fault of its own.
"""

import sys

import odil

port, calling, called, study, sop_class = sys.argv[1:6]
syntaxes = [odil.registry.ImplicitVRLittleEndian, odil.registry.ExplicitVRLittleEndian]
Context = odil.AssociationParameters.PresentationContext
model = odil.registry.StudyRootQueryRetrieveInformationModelGet

association = odil.Association()
association.set_peer_host("127.0.0.1")
association.set_peer_port(int(port))
association.update_parameters().set_calling_ae_title(calling).set_called_ae_title(called).set_presentation_contexts(
    [Context(1, model, syntaxes, Context.Role.SCU), Context(3, sop_class, syntaxes, Context.Role.SCP)]
)
association.associate()
get = odil.GetSCU(association)
get.set_affected_sop_class(model)
query = odil.DataSet()
query.add("QueryRetrieveLevel", ["STUDY"])
query.add("StudyInstanceUID", [study])
for instance in get.get(query):
    pixels = instance.as_binary("PixelData")[0]
    print(bytes(instance.as_string("SOPInstanceUID")[0]).decode(), bytes(bytearray(pixels)).hex())
association.release()
